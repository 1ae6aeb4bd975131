/** What the commands need of the world outside; `main.ts` gives them the real one, tests another. */
import type { Clock, Random } from '../kube/clock.js';
import type { KubeApi } from '../kube/kube-api.js';

/** Where text goes. What is written after the reader has gone is lost without an error. */
export interface Output {
  /** Whether colours are seen there: a terminal, and nobody asked for none. */
  readonly colours: boolean;
  write(text: string): void;
}

/** Which cluster is meant, as the command line says it. */
export interface ClusterChoice {
  kubeconfigFile?: string;
  context?: string;
}

/** A connection, and the namespace its context names. */
export interface Cluster {
  readonly api: KubeApi;
  readonly namespace: string | undefined;
  close(): void;
}

export interface CliPorts {
  /** How the program was called, for its help and its errors: `metallb-l2` or `kubectl l2`. */
  readonly name: string;
  readonly version: string;
  readonly out: Output;
  readonly err: Output;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted with an {@link Interruption} when the user, or who reads the output, has enough. */
  readonly signal: AbortSignal;
  /** Sends nothing yet. @throws when there is no usable kubeconfig */
  connect(choice: ClusterChoice): Promise<Cluster>;
}

/** Why a command is ended from outside, and with which code. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  constructor(what: string, exitCode: number) {
    super(what);
    this.exitCode = exitCode;
  }
}
