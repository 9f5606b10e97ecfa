/** One reason, for people: what it means, and what they should do. Markdown, in whole sentences. */
export interface Entry {
  meaning: string;
  advice: string;
}

export type Class = 'Flow' | 'Spec' | 'Infrastructure';

/** Where nothing is wrong. */
export const NOTHING = 'Nothing.';
