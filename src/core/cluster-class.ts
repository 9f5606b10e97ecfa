import { nearest } from './nearest.ts';

const OPERATOR = 'KubeCluster';

const PYTHON_PATH =
  /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*(:[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*)?$/u;
const ALIAS = /^dask_kubernetes[.:](.*[.:])?KubeCluster$/;

/** Names that people write without the module they are in. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  LocalCluster: 'distributed.LocalCluster',
  SpecCluster: 'distributed.SpecCluster',
  SSHCluster: 'distributed.SSHCluster',
  HelmCluster: 'dask_kubernetes.HelmCluster',
  FargateCluster: 'dask_cloudprovider.aws.FargateCluster',
  ECSCluster: 'dask_cloudprovider.aws.ECSCluster',
  EC2Cluster: 'dask_cloudprovider.aws.EC2Cluster',
  AzureVMCluster: 'dask_cloudprovider.azure.AzureVMCluster',
  GCPCluster: 'dask_cloudprovider.gcp.GCPCluster',
  GatewayCluster: 'dask_gateway.GatewayCluster',
  LocalCUDACluster: 'dask_cuda.LocalCUDACluster',
};

/** Who makes a cluster of this class; `problem` is a sentence. */
export function clusterMaker(
  clusterClass: string | undefined,
): { maker: 'operator' | 'in-pod' } | { problem: string } {
  if (clusterClass === undefined || clusterClass === OPERATOR || ALIAS.test(clusterClass)) {
    return { maker: 'operator' };
  }
  const given = JSON.stringify(clusterClass);
  if (!PYTHON_PATH.test(clusterClass)) {
    return {
      problem: `\`executor.clusterClass\` ${given} is no Python path; write \`KubeCluster\`, or a path such as \`distributed.LocalCluster\` or \`module:name\`.`,
    };
  }
  if (/[.:]/.test(clusterClass)) return { maker: 'in-pod' };
  const known = [OPERATOR, ...Object.keys(SHORT_NAMES)];
  const close = nearest(clusterClass, known) ?? OPERATOR;
  const meant = SHORT_NAMES[close] ?? close;
  return {
    problem: `\`executor.clusterClass\` ${given} is not known; did you mean \`${meant}\`? A class of another library is written with its module, as in \`package.module.Class\`.`,
  };
}
