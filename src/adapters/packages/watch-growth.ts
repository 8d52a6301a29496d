import { directorySize } from '../../files/directory-size.ts';

/** Tells how large a directory has become, four times a second, until the returned function is called. */
export function watchGrowth(directory: string, tell: (bytes: number) => void): () => void {
  let isOver = false;
  const timer = setInterval(() => {
    directorySize(directory).then(
      (bytes) => {
        if (!isOver && bytes > 0) tell(bytes);
      },
      // It is only progress: what is wrong with the directory shows elsewhere.
      () => undefined,
    );
  }, 250);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}
