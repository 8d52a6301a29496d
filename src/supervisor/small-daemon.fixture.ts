import { runDaemon } from './daemon.ts';
import { smallDaemonOptions } from './small-stack.fixture.ts';

/** The daemon of a small stack as a process of its own: DATA_ROOT PROGRAM. */
const [, , dataRoot = '', program = ''] = process.argv;
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
await runDaemon(smallDaemonOptions(dataRoot, program), ending.signal);
process.exit(0);
