import type { PushgatewayInventory } from '../../model/inventory.ts';

/** What can be asked of a running Pushgateway. Throws `component-api` where it does not answer. */
export interface PushgatewayReader {
  isReady(signal: AbortSignal): Promise<boolean>;
  version(signal: AbortSignal): Promise<string>;
  /** Its groups with the series pushed into each; the push times that Pushgateway adds itself are not counted. */
  listGroups(signal: AbortSignal): Promise<PushgatewayInventory['groups']>;
}
