/** What the program's exit code says. `--help` lists them. */
export const EXIT = {
  ok: 0,
  /** The answer is no: not announced, or there are findings. */
  no: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** The cluster cannot be asked. */
  cluster: 3,
  /** The answer cannot be written, to a disk that is full for instance; as of sysexits(3). */
  output: 74,
  /** `wait` has waited long enough; as of timeout(1). */
  timeout: 124,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODE_HELP = `
Exit codes:
  0    it is so: announced, nothing found
  1    it is not: not announced, something found
  2    the command line cannot be understood
  3    the cluster cannot be asked: no kubeconfig, unreachable, denied, MetalLB not installed
  74   the output cannot be written
  124  wait: not within --timeout
  130  interrupted (Ctrl-C)`;
