import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { PolicyRule } from '../../src/manifests/rbac.ts';

const event = z.object({
  user: z.object({ username: z.string() }),
  verb: z.string(),
  requestURI: z.string(),
  objectRef: z
    .object({
      apiGroup: z.string().default(''),
      resource: z.string(),
      subresource: z.string().optional(),
      name: z.string().default(''),
    })
    .optional(),
  responseStatus: z.object({ code: z.number() }).optional(),
});

/** One answered request, as the API server's audit log has it. */
export interface Audited {
  verb: string;
  group: string;
  /** With its subresource, as rules name it: `flowruns/status`. */
  resource: string;
  /** Empty for collections. */
  name: string;
  /** Path and query. */
  uri: string;
  code: number;
}

/** What `user` asked of the API server so far, in order. Watches are not in the log: they never end. */
export async function requestsOf(auditLog: string, user: string): Promise<Audited[]> {
  // The last line may be half written.
  const lines = (await readFile(auditLog, 'utf8')).split('\n').slice(0, -1);
  return lines
    .map((line) => event.parse(JSON.parse(line)))
    .filter(({ user: { username } }) => username === user)
    .flatMap(({ verb, requestURI, objectRef, responseStatus }) => {
      if (objectRef === undefined) return [];
      const { apiGroup, resource, subresource, name } = objectRef;
      return {
        verb,
        group: apiGroup,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        name,
        uri: decodeURIComponent(requestURI),
        code: responseStatus?.code ?? 0,
      };
    });
}

export function isAllowed(rules: readonly PolicyRule[], { verb, group, resource, name }: Audited): boolean {
  return rules.some(
    (rule) =>
      rule.apiGroups.includes(group) &&
      rule.resources.includes(resource) &&
      rule.verbs.includes(verb) &&
      (rule.resourceNames?.includes(name) ?? true),
  );
}

export const isWrite = ({ verb }: Audited): boolean => !['get', 'list', 'watch'].includes(verb);
