import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod/mini';
import { runBodySchema, shutdownBodySchema, type DaemonClient } from '../contract/daemon-api.ts';
import type { ErrorKind } from '../errors/codes.ts';
import { HoldfastError, toErrorObject } from '../errors/holdfast-error.ts';
import type { StatusReport } from '../model/status.ts';

/** HTTP statuses for our kinds of error; anything else is a bug, 500. */
const statusOf = {
  usage: 400,
  refusal: 409,
  locked: 423,
  mismatch: 409,
  corruption: 500,
  failure: 502,
  cancelled: 499,
} as const satisfies Record<ErrorKind, number>;

/** What `holdfast status` prints, read by the daemon itself: it has parsed and loaded all that it takes. */
export type ReadStatus = (signal: AbortSignal) => Promise<StatusReport>;

/** The routes of contract/daemon-api.ts over whatever carries the orders out. */
export function createDaemonApi(daemon: DaemonClient, readStatus: ReadStatus): Hono {
  const api = new Hono();
  api.use(bodyLimit({ maxSize: 16_384, onError: () => answerError(badRequest('The body is too long.'), 413) }));
  api.get('/v1/observation', async (c) => {
    const fresh = c.req.query('fresh') === '1';
    return c.json((await daemon.observe({ fresh }, c.req.raw.signal)) ?? null);
  });
  api.get('/v1/status', async (c) => c.json(await readStatus(c.req.raw.signal)));
  api.post('/v1/components/:name/hold', async (c) => {
    await daemon.hold(c.req.param('name'), (await readBody(c, runBodySchema)).run, c.req.raw.signal);
    return c.json({});
  });
  api.post('/v1/components/:name/stop', async (c) => {
    return c.json(await daemon.stop(c.req.param('name'), (await readBody(c, runBodySchema)).run, c.req.raw.signal));
  });
  api.post('/v1/components/:name/start', async (c) => {
    await daemon.start(c.req.param('name'), (await readBody(c, runBodySchema)).run, c.req.raw.signal);
    return c.json({});
  });
  api.post('/v1/shutdown', async (c) => {
    await daemon.shutdown(await readBody(c, shutdownBodySchema), c.req.raw.signal);
    return c.json({});
  });
  api.notFound((c) => answerError(badRequest(`The daemon has no ${c.req.method} ${c.req.path}.`)));
  api.onError((error) => answerError(error));
  return api;
}

async function readBody<T>(c: Context, schema: z.core.$ZodType<T>): Promise<T> {
  const body: unknown = await c.req.json().catch(() => undefined);
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  throw badRequest(`The body of ${c.req.method} ${c.req.path} is not as the daemon's API says.`);
}

function answerError(error: unknown, status: number = statusFor(error)): Response {
  return Response.json({ error: toErrorObject(error) }, { status });
}

function statusFor(error: unknown): number {
  return error instanceof HoldfastError ? statusOf[error.kind] : 500;
}

function badRequest(message: string): HoldfastError {
  return new HoldfastError('bad-arguments', {
    message,
    remedy: 'Use a `holdfast` of the same version as the daemon: `holdfast down`, then `holdfast up`.',
  });
}
