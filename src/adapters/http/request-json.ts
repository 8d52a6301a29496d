import type * as z from 'zod';
import { noAnswer, request, type Endpoint, type HttpRequest } from './request.ts';

/** Asks for JSON of a known shape; anything but status 200 and that shape is `component-api`. */
export async function requestJson<T>(endpoint: Endpoint, options: HttpRequest, schema: z.ZodType<T>): Promise<T> {
  const response = await request(endpoint, options);
  if (response.status !== 200) throw noAnswer(endpoint, `${pathOf(options)} answers status ${response.status}`);
  return parseAnswer(endpoint, response.text, { what: pathOf(options), schema });
}

/** Parses an answer's text, which is as hostile as any input. */
export function parseAnswer<T>(
  endpoint: Endpoint,
  text: string,
  expected: { readonly what: string; readonly schema: z.ZodType<T> },
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw noAnswer(endpoint, `${expected.what} does not answer with JSON`, cause);
  }
  const result = expected.schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw noAnswer(
    endpoint,
    `${expected.what} answers in another form (${issue?.path.join('.') ?? ''} ${issue?.message ?? ''})`,
  );
}

function pathOf(options: HttpRequest): string {
  return options.path.split('?', 1)[0] ?? options.path;
}
