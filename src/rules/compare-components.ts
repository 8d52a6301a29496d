import type { AlertmanagerInventory, GrafanaInventory, Inventory, PushgatewayInventory } from '../model/inventory.ts';
import type { Finding } from '../model/finding.ts';
import type { ComponentProof } from '../model/proof.ts';

type Components = Inventory['components'];

/** What the components other than Prometheus still hold. Silences whose time has run out meanwhile are not lost. */
export function compareComponents(
  before: Inventory,
  after: { readonly components: Components; readonly findings: readonly Finding[]; readonly atMs: number },
): { readonly proofs: readonly ComponentProof[]; readonly findings: readonly Finding[] } {
  const { alertmanager, pushgateway, grafana } = before.components;
  const now = after.components;
  const proofs = [
    compare('alertmanager', alertmanager, now.alertmanager, (was, is) => compareSilences(was, is, after.atMs)),
    compare('pushgateway', pushgateway, now.pushgateway, compareGroups),
    compare('grafana', grafana, now.grafana, compareDashboards),
  ];
  const named = new Set([...before.findings, ...after.findings].map((finding) => finding.object));
  const wasThere = (name: ComponentProof['name']): boolean => before.components[name] !== null;
  return {
    // One that neither the inventory nor a finding knows is none of this stack.
    proofs: proofs.filter((proof) => wasThere(proof.name) || named.has(proof.name)),
    findings: proofs
      .filter((proof) => !proof.checked && wasThere(proof.name) && !named.has(proof.name))
      .map((proof) => unchecked(proof.name)),
  };
}

function unchecked(name: string): Finding {
  return {
    rule: 'component-not-asked',
    severity: 'warning',
    object: name,
    message: `${name} is in the inventory, but does not run now, so what it kept is not proved.`,
    remedy: `Make ${name} run (holdfast status says why it does not), then run holdfast rebuild again.`,
  };
}

type Counted = Pick<ComponentProof, 'kept' | 'lost' | 'missing'>;

function compare<T>(
  name: ComponentProof['name'],
  before: T | null,
  after: T | null,
  count: (before: T, after: T) => Counted,
): ComponentProof {
  if (before === null || after === null) return { name, kept: 0, lost: 0, checked: false, missing: [] };
  return { name, ...count(before, after), checked: true };
}

function compareSilences(before: AlertmanagerInventory, after: AlertmanagerInventory, nowMs: number): Counted {
  const present = new Set(after.silences.map((silence) => silence.id));
  const due = before.silences.filter((silence) => silence.endsAtMs > nowMs || present.has(silence.id));
  const missing = due.filter((silence) => !present.has(silence.id)).map((silence) => silence.id);
  return { kept: due.length - missing.length, lost: missing.length, missing };
}

/** Counted in series; a group without any still counts as one. */
function compareGroups(before: PushgatewayInventory, after: PushgatewayInventory): Counted {
  const present = new Map(after.groups.map((group) => [group.key, group.series]));
  let kept = 0;
  let lost = 0;
  const missing: string[] = [];
  for (const { key, series } of before.groups) {
    const now = present.get(key);
    const short = now === undefined ? Math.max(1, series) : Math.max(0, series - now);
    kept += Math.max(1, series) - short;
    lost += short;
    if (short > 0) missing.push(now === undefined ? key : `${key} (${now} of ${series} series)`);
  }
  return { kept, lost, missing };
}

function compareDashboards(before: GrafanaInventory, after: GrafanaInventory): Counted {
  const present = new Set(after.dashboards);
  const missing = before.dashboards.filter((uid) => !present.has(uid));
  return { kept: before.dashboards.length - missing.length, lost: missing.length, missing };
}
