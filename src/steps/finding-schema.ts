import * as z from 'zod';
import type { Finding } from '../model/finding.ts';

/** A finding as inventories and proofs keep it. */
export const findingSchema: z.ZodType<Finding> = z.object({
  rule: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  object: z.string(),
  message: z.string(),
  remedy: z.string(),
});
