export { findStackFile, writeStackFile } from '../../data-root/stack-file.ts';
