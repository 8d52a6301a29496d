import { afterAll } from 'vitest';
import { cleanUpOpened } from './holdfast.ts';

/** A set-up file: its hooks are those of every test file. */
afterAll(cleanUpOpened, 60_000);
