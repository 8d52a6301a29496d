/** A line for `crontab -e` that does what the service would: crontab(5), where a percent sign must be escaped. */
export function crontabLine(command: { readonly path: string; readonly arguments: readonly string[] }): string {
  const words = [command.path, ...command.arguments].map(quoteForShell).join(' ');
  return `@reboot ${words.replaceAll('%', '\\%')}`;
}

function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
