import * as z from 'zod';
import { hasCode } from '../../errors/holdfast-error.ts';
import { request, type Endpoint } from '../http/request.ts';
import { requestJson } from '../http/request-json.ts';
import type { AlertmanagerReader, SilenceSeen } from './alertmanager-reader.ts';

/** Asks Alertmanager over its HTTP API, v2. */
export function createAlertmanagerClient(endpoint: Endpoint): AlertmanagerReader {
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
      (await requestJson(endpoint, { path: '/api/v2/status', signal }, status)).versionInfo.version,
    listSilences: (signal) => listSilences(endpoint, signal),
  };
}

const status = z.object({ versionInfo: z.object({ version: z.string().min(1) }) });
const silences = z.array(
  z.object({
    id: z.string().min(1),
    status: z.object({ state: z.enum(['active', 'pending', 'expired']) }),
    endsAt: z.iso.datetime({ offset: true }),
  }),
);

async function listSilences(endpoint: Endpoint, signal: AbortSignal): Promise<readonly SilenceSeen[]> {
  const found = await requestJson(endpoint, { path: '/api/v2/silences', signal }, silences);
  return found.map((silence) => ({
    id: silence.id,
    state: silence.status.state,
    endsAtMs: Date.parse(silence.endsAt),
  }));
}
