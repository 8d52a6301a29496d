import { describe, expect, it } from 'vitest';
import { componentAddress, listenAddress, listenHost } from './component-address.ts';
import { renderFixture } from './render-fixture.ts';

describe('componentAddress', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1:30090', 'http://127.0.0.1:30090'],
    ['0.0.0.0', '0.0.0.0:30090', 'http://127.0.0.1:30090'],
    ['::', '[::]:30090', 'http://[::1]:30090'],
    ['::1', '[::1]:30090', 'http://[::1]:30090'],
    ['[fd00::7]', '[fd00::7]:30090', 'http://[fd00::7]:30090'],
    ['10.0.0.7', '10.0.0.7:30090', 'http://10.0.0.7:30090'],
    ['nas.lan', 'nas.lan:30090', 'http://nas.lan:30090'],
  ])('listen: %s', (listen, expectedListen, expectedAddress) => {
    const { config } = renderFixture('prometheus', { config: { listen } }).stack;
    expect(listenAddress(config, 'prometheus')).toBe(expectedListen);
    expect(componentAddress(config, 'prometheus')).toBe(expectedAddress);
    expect(listenHost(config)).not.toContain('[');
  });

  it("takes the port from the component's own section", () => {
    const { config } = renderFixture('prometheus').stack;
    expect(componentAddress(config, 'node-exporter')).toBe('http://127.0.0.1:30910');
    expect(componentAddress(config, 'grafana')).toBe('http://127.0.0.1:30300');
  });
});
