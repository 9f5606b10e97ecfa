import { GROUP, KIND, PLURAL, VERSION } from '../api/flow-run.ts';
import type { Resource } from '../kube/resource.ts';

export const FLOW_RUN: Resource = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: true,
};
