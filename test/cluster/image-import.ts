import type { Plan } from './plan.ts';
import type { Progress } from './progress.ts';
export async function importArchives(_plan: Plan, _ctr: string, _archives: readonly string[], _progress: Progress): Promise<void> {}
export async function pauseArchive(_pause: string): Promise<string> { return ''; }
