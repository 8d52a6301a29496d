import * as z from 'zod';
import { hasCode } from '../../errors/holdfast-error.ts';
import type { PushgatewayInventory } from '../../model/inventory.ts';
import { request, type Endpoint } from '../http/request.ts';
import { requestJson } from '../http/request-json.ts';
import type { PushgatewayReader } from './pushgateway-reader.ts';

/** Asks Pushgateway over its HTTP API, v1. */
export function createPushgatewayClient(endpoint: Endpoint): PushgatewayReader {
  return {
    isReady: async (signal) => {
      try {
        return (await request(endpoint, { path: '/-/ready', timeoutMs: 2000, signal })).status === 200;
      } catch (error) {
        if (hasCode(error, 'component-api')) return false;
        throw error;
      }
    },
    version: async (signal) =>
      (await requestJson(endpoint, { path: '/api/v1/status', signal }, status)).data.build_information.version,
    listGroups: (signal) => listGroups(endpoint, signal),
  };
}

const status = z.object({ data: z.object({ build_information: z.object({ version: z.string().min(1) }) }) });
const labels = z.record(z.string(), z.string());
/** Beside `labels`, `last_push_successful` and the push times, each key of a group is a metric family. */
const group = z.looseObject({ labels });
const answer = z.object({ data: z.array(group).nullable() });
const family = z.object({ metrics: z.array(z.unknown()) });
const ownFamilies = ['push_time_seconds', 'push_failure_time_seconds'];

async function listGroups(endpoint: Endpoint, signal: AbortSignal): Promise<PushgatewayInventory['groups']> {
  const { data } = await requestJson(endpoint, { path: '/api/v1/metrics', signal, timeoutMs: 30_000 }, answer);
  return (data ?? [])
    .map((found) => ({ key: canonicalKey(found.labels), series: countSeries(found) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function canonicalKey(grouping: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(grouping).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

function countSeries(found: z.infer<typeof group>): number {
  let count = 0;
  for (const [name, value] of Object.entries(found)) {
    const parsed = ownFamilies.includes(name) ? undefined : family.safeParse(value);
    if (parsed?.success === true) count += parsed.data.metrics.length;
  }
  return count;
}
