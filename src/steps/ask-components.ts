import type { AlertmanagerReader } from '../adapters/alertmanager/alertmanager-reader.ts';
import type { GrafanaReader } from '../adapters/grafana/grafana-reader.ts';
import type { PushgatewayReader } from '../adapters/pushgateway/pushgateway-reader.ts';
import { hasCode } from '../errors/holdfast-error.ts';
import type { Finding } from '../model/finding.ts';
import type { Inventory } from '../model/inventory.ts';
import { isAbsent, type ComponentWitness } from './component-witness.ts';

export interface ComponentWitnesses {
  readonly alertmanager: ComponentWitness<AlertmanagerReader>;
  readonly pushgateway: ComponentWitness<PushgatewayReader>;
  readonly grafana: ComponentWitness<GrafanaReader>;
}

export interface ComponentAnswers {
  readonly components: Inventory['components'];
  readonly findings: readonly Finding[];
}

/**
 * Asks every component that keeps data what it holds. One that cannot be asked is null, and a finding says why; one
 * that the stack does not have is null without a finding. `expired` says whether expired silences count.
 */
export async function askComponents(
  witnesses: ComponentWitnesses,
  expired: 'with-expired' | 'without-expired',
  signal: AbortSignal,
): Promise<ComponentAnswers> {
  const findings: Finding[] = [];
  const ask = async <R extends object, T>(
    name: string,
    witness: ComponentWitness<R>,
    question: (reader: R) => Promise<T>,
  ): Promise<T | null> => {
    if (witness === null) return null;
    const answer = isAbsent(witness) ? witness : await answerOf(() => question(witness));
    if ('absent' in answer) {
      findings.push(unasked(name, answer.absent));
      return null;
    }
    return answer.value;
  };
  const [alertmanager, pushgateway, grafana] = await Promise.all([
    ask('alertmanager', witnesses.alertmanager, async (reader) => {
      const silences = await reader.listSilences(signal);
      const counted = silences.filter((silence) => expired === 'with-expired' || silence.state !== 'expired');
      return { silences: counted.map(({ id, endsAtMs }) => ({ id, endsAtMs })) };
    }),
    ask('pushgateway', witnesses.pushgateway, async (reader) => ({ groups: await reader.listGroups(signal) })),
    ask('grafana', witnesses.grafana, async (reader) => ({ dashboards: await reader.listDashboards(signal) })),
  ]);
  return { components: { alertmanager, pushgateway, grafana }, findings };
}

async function answerOf<T>(question: () => Promise<T>): Promise<{ readonly value: T } | { readonly absent: string }> {
  try {
    return { value: await question() };
  } catch (error) {
    if (hasCode(error, 'component-api')) return { absent: error.message };
    throw error;
  }
}

function unasked(name: string, reason: string): Finding {
  return {
    rule: 'component-not-asked',
    severity: 'warning',
    object: name,
    message: `${name} could not be asked what it holds, so nothing about it is proved: ${reason}`,
    remedy: `Look at its state and log: holdfast status ; holdfast logs ${name}`,
  };
}
