/** A component that can be asked; one that should be there but does not run, with the reason; or none of this stack. */
export type ComponentWitness<R> = R | { readonly absent: string } | null;

export function isAbsent<R extends object>(witness: ComponentWitness<R>): witness is { readonly absent: string } {
  return witness !== null && 'absent' in witness;
}
