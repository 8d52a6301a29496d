import * as z from 'zod';
import { hasCode } from '../../errors/holdfast-error.ts';
import { request, type Endpoint } from '../http/request.ts';
import { parseAnswer, requestJson } from '../http/request-json.ts';
import type { GrafanaReader } from './grafana-reader.ts';

const pageSize = 1000;
const maxPages = 100;

/** Asks Grafana over its HTTP API. */
export function createGrafanaClient(endpoint: Endpoint): GrafanaReader {
  return {
    isReady: (signal) => isReady(endpoint, signal),
    version: async (signal) => (await requestJson(endpoint, { path: '/api/health', signal }, health)).version,
    listDashboards: (signal) => listDashboards(endpoint, signal),
  };
}

const health = z.object({ database: z.string(), version: z.string().min(1) });
const page = z.array(z.object({ uid: z.string().min(1) }));

/** Grafana answers before its database does; only both together are ready. */
async function isReady(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await request(endpoint, { path: '/api/health', timeoutMs: 2000, signal });
    if (response.status !== 200) return false;
    return parseAnswer(endpoint, response.text, { what: '/api/health', schema: health }).database === 'ok';
  } catch (error) {
    if (hasCode(error, 'component-api')) return false;
    throw error;
  }
}

async function listDashboards(endpoint: Endpoint, signal: AbortSignal): Promise<readonly string[]> {
  const uids = new Set<string>();
  for (let number = 1; number <= maxPages; number += 1) {
    const path = `/api/search?type=dash-db&limit=${pageSize}&page=${number}`;
    const found = await requestJson(endpoint, { path, signal, timeoutMs: 30_000 }, page);
    for (const { uid } of found) uids.add(uid);
    if (found.length < pageSize) break;
  }
  return [...uids].sort();
}
