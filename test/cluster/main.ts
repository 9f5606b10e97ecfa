import { IMAGES } from '../../images/names.ts';
import { HELP, parseCommand, UsageError } from './arguments.ts';
import type { Command } from './arguments.ts';
import { ensureHelm, helmLines } from './helm.ts';
import { createProgress } from './progress.ts';
import { chooseProvider } from './provider.ts';

async function main(command: Command): Promise<void> {
  const progress = createProgress((line) => console.error(line));
  const provider = await chooseProvider(command.provider, command.name);
  switch (command.action) {
    case 'up': {
      // Who wants the operator's image will install it.
      if (command.images.includes('operator')) await ensureHelm(progress);
      const { kubeconfig, auditLog } = await provider.up(command, progress);
      console.log(`export KUBECONFIG=${kubeconfig}`);
      if (auditLog !== undefined) console.log(`# audit log: ${auditLog}`);
      return;
    }
    case 'down':
      return provider.down(command.name, command.wipe, progress);
    case 'status':
      return console.log(await provider.status(command.name));
    case 'images':
      return provider.load(command.name, command.images.length > 0 ? command.images : IMAGES, progress);
    case 'env':
      return console.log([await provider.env(command.name), ...(await helmLines())].join('\n'));
  }
}

try {
  const command = parseCommand(process.argv.slice(2));
  if (command === undefined) console.log(HELP);
  else await main(command);
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\nMore: npm run cluster -- --help`);
  else
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      console.error(cause.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
