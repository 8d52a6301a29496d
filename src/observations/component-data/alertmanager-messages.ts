import type { MessageSchema, ParsedMessage } from './parse-protobuf.ts';

/** alertmanager nflog/nflogpb/nflog.proto and silence/silencepb/silence.proto. */
const timestamp: MessageSchema = {
  fields: { 1: { name: 'seconds', kind: 'int64' }, 2: { name: 'nanos', kind: 'int64' } },
};

const receiver: MessageSchema = {
  fields: {
    1: { name: 'group_name', kind: 'string' },
    2: { name: 'integration', kind: 'string' },
    3: { name: 'idx', kind: 'uint32' },
  },
};

const receiverData: MessageSchema = {
  fields: {
    1: { name: 'key', kind: 'string' },
    2: {
      name: 'value',
      kind: {
        fields: {
          1: { name: 'str_val', kind: 'string' },
          2: { name: 'int_val', kind: 'int64' },
          3: { name: 'double_val', kind: 'double' },
        },
      },
    },
  },
};

const entry: MessageSchema = {
  fields: {
    1: { name: 'group_key', kind: 'bytes' },
    2: { name: 'receiver', kind: receiver },
    3: { name: 'group_hash', kind: 'bytes' },
    4: { name: 'resolved', kind: 'bool' },
    5: { name: 'timestamp', kind: timestamp },
    6: { name: 'firing_alerts', kind: 'uint64s', isRepeated: true },
    7: { name: 'resolved_alerts', kind: 'uint64s', isRepeated: true },
    8: { name: 'receiver_data', kind: receiverData, isRepeated: true },
  },
};

const matcher: MessageSchema = {
  fields: {
    1: { name: 'type', kind: 'uint32' },
    2: { name: 'name', kind: 'string' },
    3: { name: 'pattern', kind: 'string' },
  },
};

const comment: MessageSchema = {
  fields: {
    1: { name: 'author', kind: 'string' },
    2: { name: 'comment', kind: 'string' },
    3: { name: 'timestamp', kind: timestamp },
  },
};

const annotation: MessageSchema = {
  fields: { 1: { name: 'key', kind: 'string' }, 2: { name: 'value', kind: 'string' } },
};

const matcherSet: MessageSchema = { fields: { 1: { name: 'matchers', kind: matcher, isRepeated: true } } };

const silence: MessageSchema = {
  fields: {
    1: { name: 'id', kind: 'string' },
    2: { name: 'matchers', kind: matcher, isRepeated: true },
    3: { name: 'starts_at', kind: timestamp },
    4: { name: 'ends_at', kind: timestamp },
    5: { name: 'updated_at', kind: timestamp },
    7: { name: 'comments', kind: comment, isRepeated: true },
    8: { name: 'created_by', kind: 'string' },
    9: { name: 'comment', kind: 'string' },
    10: { name: 'annotations', kind: annotation, isRepeated: true },
    11: { name: 'matcher_sets', kind: matcherSet, isRepeated: true },
    12: { name: 'receiver_matcher_sets', kind: matcherSet, isRepeated: true },
  },
};

/** What is wrong with a message that can be parsed. */
export interface MessageFault {
  readonly severity: 'error' | 'warning';
  readonly words: string;
}

export interface AlertmanagerFile {
  readonly name: 'nflog' | 'silences';
  /** What one message in it is called. */
  readonly one: string;
  readonly schema: MessageSchema;
  readonly judge: (message: ParsedMessage) => readonly MessageFault[];
  /** What tells one message from the others; two of one key are one too many. */
  readonly keyOf: (message: ParsedMessage) => string | undefined;
}

const meshEntry: MessageSchema = {
  fields: { 1: { name: 'entry', kind: entry }, 2: { name: 'expires_at', kind: timestamp } },
};
const meshSilence: MessageSchema = {
  fields: { 1: { name: 'silence', kind: silence }, 2: { name: 'expires_at', kind: timestamp } },
};

export const alertmanagerFiles: readonly AlertmanagerFile[] = [
  { name: 'nflog', one: 'entry', schema: meshEntry, judge: judgeEntry, keyOf: () => undefined },
  {
    name: 'silences',
    one: 'silence',
    schema: meshSilence,
    judge: judgeSilence,
    keyOf: ({ values }) => {
      const id = part(values, 'silence')?.get('id');
      return typeof id === 'string' ? id : undefined;
    },
  },
];

type Values = ReadonlyMap<string, unknown>;

function judgeEntry({ values }: ParsedMessage): readonly MessageFault[] {
  const own = part(values, 'entry');
  if (own === undefined) return [error('it holds no entry')];
  const to = part(own, 'receiver');
  if (to === undefined) return [error('it names no receiver')];
  const length = own.get('group_key');
  return [
    ...(typeof length === 'number' && length > 0 ? [] : [error('it has no group key')]),
    ...(isText(to.get('group_name')) && isText(to.get('integration')) ? [] : [error('its receiver has no name')]),
    ...judgeTime(own, 'timestamp'),
    ...judgeTime(values, 'expires_at'),
    ...judgeOrder(own, 'timestamp', values, 'expires_at'),
  ];
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function judgeSilence({ values }: ParsedMessage): readonly MessageFault[] {
  const own = part(values, 'silence');
  if (own === undefined) return [error('it holds no silence')];
  const id = own.get('id');
  const sets = listOf(own, 'matcher_sets').flatMap((set) => listOf(set, 'matchers'));
  const matchers = [...listOf(own, 'matchers'), ...sets];
  const receivers = listOf(own, 'receiver_matcher_sets').flatMap((set) => listOf(set, 'matchers'));
  return [
    ...(typeof id === 'string' && uuid.test(id) ? [] : [error(isText(id) ? 'its id is no UUID' : 'it has no id')]),
    ...(matchers.length > 0 ? [] : [error('it has no matcher, and would silence nothing')]),
    ...[...matchers, ...receivers].flatMap(judgeMatcher),
    ...['starts_at', 'ends_at', 'updated_at'].flatMap((name) => judgeTime(own, name)),
    ...judgeTime(values, 'expires_at'),
    ...judgeOrder(own, 'starts_at', own, 'ends_at'),
  ];
}

function judgeMatcher(one: Values): readonly MessageFault[] {
  const type = numberIn(one, 'type');
  return [
    ...(type <= 3 ? [] : [error(`a matcher has the type ${type}, which there is not`)]),
    ...(isText(one.get('name')) ? [] : [error('a matcher has no label')]),
  ];
}

/** The range that protocol buffers allow: the years 1 to 9999. */
const leastSeconds = -62_135_596_800;
const mostSeconds = 253_402_300_799;
/** Nobody silenced anything before there was an Alertmanager. */
const beganSeconds = Date.UTC(2012, 0, 1) / 1000;

function judgeTime(values: Values, name: string): readonly MessageFault[] {
  const found = part(values, name);
  if (found === undefined) return [error(`it has no ${name}`)];
  const seconds = numberIn(found, 'seconds');
  const nanos = numberIn(found, 'nanos');
  const inRange = seconds >= leastSeconds && seconds <= mostSeconds;
  if (!inRange || nanos < 0 || nanos > 999_999_999) {
    return [error(`${name} is no time that there can be (${seconds} s, ${nanos} ns)`)];
  }
  return seconds < beganSeconds
    ? [
        {
          severity: 'warning',
          words: `${name} is ${new Date(seconds * 1000).toISOString()}, before there was an Alertmanager`,
        },
      ]
    : [];
}

function judgeOrder(one: Values, first: string, other: Values, second: string): readonly MessageFault[] {
  const [from, to] = [part(one, first), part(other, second)];
  if (from === undefined || to === undefined || numberIn(from, 'seconds') <= numberIn(to, 'seconds')) return [];
  return [{ severity: 'warning', words: `${second} is before ${first}` }];
}

/** Zero where it is absent, as the format has it. */
function numberIn(values: Values, name: string): number {
  const found = values.get(name) ?? 0;
  return typeof found === 'number' ? found : NaN;
}

function error(words: string): MessageFault {
  return { severity: 'error', words };
}

function part(values: Values, name: string): Values | undefined {
  const found = values.get(name);
  return found instanceof Map ? (found as Values) : undefined;
}

function listOf(values: Values, name: string): readonly Values[] {
  const found = values.get(name);
  return Array.isArray(found) ? found.filter((one): one is Values => one instanceof Map) : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
