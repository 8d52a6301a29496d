import { isIP } from 'node:net';
import * as z from 'zod';
import { parseBytes } from '../model/bytes.ts';
import { parseDurationMs } from '../model/duration.ts';
import { programNames } from '../model/program.ts';

const hourMs = 3_600_000;
const portMessage = 'must be a port number, 1 to 65535';
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const port = z.int(portMessage).min(1, portMessage).max(65535, portMessage).optional();
const path = z.string('must be the path of a file').min(1, 'must be the path of a file').max(4096);
const paths = z.array(path, 'must be a list of files, as [a.yml, b.yml]').max(1000).optional();

const duration = (text: string) =>
  z.union([z.string(), z.literal(0)], `must be a duration, as ${text}`).transform((value, context) => {
    const durationMs = parseDurationMs(String(value));
    if (durationMs !== undefined) return durationMs;
    context.addIssue({ code: 'custom', message: `must be a duration, as ${text}` });
    return z.NEVER;
  });

const size = z.union([z.string(), z.literal(0)], 'must be a size, as 15GiB').transform((value, context) => {
  const bytes = parseBytes(String(value));
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a size, as 15GiB' });
  return z.NEVER;
});

const programPaths = Object.fromEntries(
  programNames.map((name) => [name, path.nullish().describe(`Path of the program ${name}.`)]),
) as Record<(typeof programNames)[number], z.ZodOptional<z.ZodNullable<typeof path>>>;

/** The config file, key by key, all optional; docs/reference/config.md is generated from it. */
export const configFileSchema = z.strictObject(
  {
    stack: z
      .string('must be a name')
      .regex(label, 'must be a DNS label: lower-case letters, digits and inner dashes, at most 63')
      .optional()
      .describe('Name of the stack, which rebuild and teardown ask for. It cannot be changed later.'),
    platform: z.literal('standalone', 'must be standalone').optional().describe('Where the stack runs: standalone.'),
    data: path
      .optional()
      .describe('The data root. --data and HOLDFAST_DATA come first. Default: holdfast in the XDG data home.'),
    listen: z
      .string('must be an IP address or a host name')
      .refine(isListenable, 'must be an IP address or a host name without a port, as 127.0.0.1 or 0.0.0.0')
      .optional()
      .describe('The address that every component listens on. 0.0.0.0 or :: is all; each asks for user and password.'),
    prometheus: section({
      port: port.describe('Port of Prometheus.'),
      scrapeInterval: duration('15s')
        .refine((ms) => ms >= 100 && ms <= hourMs, 'must be from 100ms to 1h')
        .optional()
        .describe('How often targets are scraped.'),
      retention: duration('15d').optional().describe('How long samples are kept; 0 is without limit.'),
      retentionSize: size.optional().describe('How large the blocks may grow (1024-based); 0 is without limit.'),
      scrapeFiles: paths.describe('Files with further scrape_configs.'),
      ruleFiles: paths.describe('Files with further rule groups.'),
    }),
    alertmanager: section({
      port: port.describe('Port of Alertmanager.'),
      config: path.nullish().describe('Your alertmanager.yml. Without one, alerts are shown and nobody is notified.'),
    }),
    pushgateway: section({ port: port.describe('Port of the Pushgateway.') }),
    nodeExporter: section({ port: port.describe('Port of node-exporter.') }),
    grafana: section({ port: port.describe('Port of Grafana.') }),
    console: section({ port: port.describe('Port of the web console, kept for it.') }),
    programs: section(programPaths).describe('Programs to use in the place of those that are found or fetched.'),
    programSource: z
      .string('must be a URL')
      .refine(isSource, 'must be an http or https URL without user and password in it')
      .nullish()
      .describe('Base URL that stands in for the official release sites.'),
  },
  'must be a mapping, as `stack: monitoring`',
);

/** What a config file says, in the model's units; every key may be absent. */
export type ConfigValues = z.output<typeof configFileSchema>;

function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, 'must be a mapping, as {port: 1234}').optional();
}

function isListenable(text: string): boolean {
  if (isIP(text) !== 0) return true;
  // Four numbers with a mistake in them must not pass as a host name.
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return text.split('.').every((part) => label.test(part.toLowerCase()));
}

function isSource(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}
