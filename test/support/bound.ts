/**
 * The command line that ends with this process, however this one ends: what a killed test or demo started must not go on. On Linux;
 * elsewhere the program itself.
 */
export function boundToUs(program: string, args: readonly string[]): [program: string, args: string[]] {
  return process.platform === 'linux'
    ? ['setpriv', ['--pdeathsig', 'KILL', '--', program, ...args]]
    : [program, [...args]];
}
