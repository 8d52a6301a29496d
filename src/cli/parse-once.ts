import * as z from 'zod/mini';

// zod compiles every schema before its first use, which pays for a daemon and costs a quarter of the time of a command
// that parses each file once. The setting counts for schemas that are made after it.
z.config({ jitless: true });
