import { request } from 'node:http';
import type { Holdfast } from './holdfast.ts';
import { waitFor } from './wait-for.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: string;
  /** `user:password`; null for nobody. */
  readonly as?: string | null;
}

/** One HTTP request to 127.0.0.1, on a connection of its own. */
export async function ask(port: number, path: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', body, as = null } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      timeout: 20_000,
      headers: {
        ...(as === null ? {} : { authorization: `Basic ${Buffer.from(as).toString('base64')}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    });
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error(`port ${port} ${path}: no answer in 20 s`)));
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
      incoming.once('error', reject);
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }));
    });
    outgoing.end(body);
  });
}

/** The stack's components as its user sees them. */
export interface Asker {
  readonly as: string;
  get(component: keyof Holdfast['ports'], path: string): Promise<string>;
  /** An instant query at a fixed time; the values by canonical JSON of their labels. */
  query(expression: string, atMs: number): Promise<Readonly<Record<string, string>>>;
  /** Makes a silence for two hours and returns its id. */
  silence(comment: string): Promise<string>;
  listSilences(): Promise<readonly string[]>;
  push(job: string, metric: string, value: number): Promise<void>;
  /** Waits until a query at the present returns anything. */
  waitForSeries(expression: string, timeoutMs?: number): Promise<Readonly<Record<string, string>>>;
}

interface QueryAnswer {
  readonly status: string;
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

export async function openAsker(holdfast: Holdfast): Promise<Asker> {
  const { user, password } = await holdfast.credentials();
  const as = `${user}:${password}`;
  const call = async (component: keyof Holdfast['ports'], path: string, options: AskOptions = {}) => {
    const { status, body } = await ask(holdfast.ports[component], path, { as, ...options });
    if (status >= 300) throw new Error(`${component} ${path}: ${status} ${body}`);
    return body;
  };
  const query: Asker['query'] = async (expression, atMs) => {
    const words = new URLSearchParams({ query: expression, time: (atMs / 1000).toFixed(3) });
    const answer = JSON.parse(await call('prometheus', `/api/v1/query?${words.toString()}`)) as QueryAnswer;
    return Object.fromEntries(answer.data.result.map(({ metric, value }) => [canonical(metric), value[1]]));
  };
  return {
    as,
    query,
    get: async (component, path) => call(component, path),
    silence: async (comment) => {
      const startsAt = new Date();
      const endsAt = new Date(startsAt.getTime() + 7_200_000);
      const matchers = [{ name: 'alertname', value: 'Nothing', isRegex: false, isEqual: true }];
      const body = JSON.stringify({ matchers, startsAt, endsAt, createdBy: 'test', comment });
      const answer = JSON.parse(await call('alertmanager', '/api/v2/silences', { method: 'POST', body })) as {
        silenceID: string;
      };
      return answer.silenceID;
    },
    listSilences: async () => {
      const all = JSON.parse(await call('alertmanager', '/api/v2/silences')) as readonly {
        readonly id: string;
        readonly status: { readonly state: string };
      }[];
      return all.filter(({ status }) => status.state !== 'expired').map(({ id }) => id);
    },
    push: async (job, metric, value) => {
      await call('pushgateway', `/metrics/job/${job}`, { method: 'PUT', body: `${metric} ${value}\n` });
    },
    waitForSeries: async (expression, timeoutMs = 30_000) =>
      waitFor(
        `${expression} has an answer`,
        async () => {
          const found = await query(expression, Date.now());
          return Object.keys(found).length > 0 && found;
        },
        { timeoutMs, everyMs: 250 },
      ),
  };
}

function canonical(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}
