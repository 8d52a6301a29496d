import type { RunEvent, StepProgress } from '../model/handler.ts';
import type { Plan } from '../model/plan.ts';

/** Tells the story while a command works. The result is printed by the command line when the story has ended. */
export interface Reporter {
  /** A plan, before anything is asked or done. */
  plan(plan: Plan): void;
  /** One event of a run. */
  event(event: RunEvent): void;
  /** How far a look is that takes its time. */
  progress(progress: StepProgress): void;
  /** One line that the user should read. */
  note(line: string): void;
  /** Ends the story: nothing that moves is left on the terminal. */
  close(): void;
}

/** Where the lines of a Reporter go. */
export type Write = (text: string) => void;
