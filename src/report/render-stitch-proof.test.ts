/** What a stitch says at its end: what was left out is not said to be held, and the words to go on with work. */
import { expect, test } from 'vitest';
import type { StitchProof } from '../model/stitch-step.ts';
import { renderStitchProof } from './render-stitch-proof.ts';
import { createStyle } from './style.ts';

const style = createStyle({ hasColor: false, columns: undefined });
const totals = { series: 2, samples: 7680, staleMarkers: 0 };
const source = { directory: '/a', totals, kept: 7680, dropped: 0, lost: 0, windows: [] };
const proof: StitchProof = {
  format: 1,
  run: 'r1',
  into: '/d',
  provedAtMs: 0,
  wins: null,
  holds: totals,
  opened: { program: '/p', version: '3.14.0', windows: 1 },
  sources: [source, { ...source, directory: '/b' }],
  lost: 0,
  added: 0,
};

test('all of it', () => {
  expect(render(proof)).toMatchInlineSnapshot(`
    [
      "/d: 7 680 samples in 2 series, all that 2 sources held.",
      "  /a: 7 680 kept",
      "  /b: 7 680 kept",
      "Prometheus 3.14.0 has opened it, and counts the same in 1 window. Take it in: holdfast --data NEWROOT adopt '/d'",
      "The sources are as they were. The proof is /d-stitch/r1/proof.json.",
    ]
  `);
});

test('less what the winner has other values for', () => {
  const [first] = render({
    ...proof,
    wins: '/a',
    sources: [source, { ...source, directory: '/b', kept: 7650, dropped: 30 }],
  });
  expect(first).toBe('/d: 7 680 samples in 2 series, all that 2 sources held but 30 left out for those of /a.');
});

function render(shown: StitchProof): readonly string[] {
  return renderStitchProof(shown, { folder: '/d-stitch/r1', adoptWords: 'holdfast --data NEWROOT adopt' }, style);
}
