/**
 * What comes of an error of stdout. A result that did not arrive, as on a full disk, is never a success, whatever the command
 * thinks; a reader that has gone is no failure of ours.
 */
export function failUnlessLeft(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`holdfast: the result could not be written to stdout: ${error.message}\n`);
  process.on('exit', (status) => {
    if (status === 0) process.exitCode = 1;
  });
}
