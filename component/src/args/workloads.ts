/** The pods of the two programs as a user writes them. */
import type * as pulumi from '@pulumi/pulumi';

/** Where and how the pods of a program run. */
export interface PodPlacement {
  /**
   * Labels a node must have, beside `kubernetes.io/os: linux`.
   *
   * @default none
   */
  nodeSelector?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * CPU and memory the pods ask for, and may use at most.
   *
   * @default { requests: { cpu: "20m", memory: "96Mi" } }
   */
  resources?: Resources;
  /**
   * More environment variables. All settings of the programs are variables (`METALLB_*`), so there are no
   * arguments to add; those the component sets itself are refused here.
   *
   * @default none
   */
  env?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** The speakers. */
export interface Speaker extends PodPlacement {
  /**
   * Taints the pods tolerate. A list replaces the default.
   *
   * @default [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }]
   */
  tolerations?: pulumi.Input<pulumi.Input<Toleration>[]>;
  /**
   * Class of the pods' priority. By default nothing makes room by evicting a speaker, which would take
   * addresses with it. `""` for the cluster's default.
   *
   * @default "system-node-critical"
   */
  priorityClassName?: pulumi.Input<string>;
  /**
   * More interfaces that are left alone, as regular expressions that match any part of a name. Those of
   * container networks (`^cali.*`, `^veth.*` and the like) always are.
   *
   * @default none
   */
  excludeInterfaces?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * The only interfaces that are used, as regular expressions that match any part of a name, unless they
   * are excluded as well.
   *
   * @default every interface that is not excluded
   */
  includeInterfaces?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * How soon a silent speaker is given up: `fast` after some 0.8 s, `lan` and `wan` with upstream's slower
   * timers, for networks that lose or delay a lot.
   *
   * @default "fast"
   */
  gossipProfile?: pulumi.Input<string>;
  /**
   * Seconds in which each announced address is told to the network once more (gratuitous ARP, unsolicited
   * neighbour advertisement); 0 to 86400, 0 for never. Keep it below the time after which switches forget a
   * station, 300 s on most.
   *
   * @default 120
   */
  gratuitousIntervalSeconds?: pulumi.Input<number>;
  /**
   * Frames a speaker sends unasked on one interface in a second, at most; 10 to 100000. Answers to questions
   * are not limited.
   *
   * @default 4000
   */
  gratuitousFramesPerSecond?: pulumi.Input<number>;
}

/** The controller. */
export interface Controller extends PodPlacement {
  /**
   * Pods of the controller, 1 to 5. One works, the others stand by on other nodes where there are any, and
   * a disruption budget lets one go at a time.
   *
   * @default 2
   */
  replicas?: pulumi.Input<number>;
  /**
   * Taints the pods tolerate.
   *
   * @default none
   */
  tolerations?: pulumi.Input<pulumi.Input<Toleration>[]>;
  /**
   * Class of the pods' priority. `""` for the cluster's default.
   *
   * @default "system-cluster-critical"
   */
  priorityClassName?: pulumi.Input<string>;
}

/** A taint that does not keep a pod away. */
export interface Toleration {
  /**
   * Key of the taint.
   *
   * @default every key, which takes `operator: "Exists"`
   */
  key?: pulumi.Input<string>;
  /**
   * `Equal` or `Exists`.
   *
   * @default "Equal"
   */
  operator?: pulumi.Input<string>;
  /**
   * Value of the taint, for `Equal`.
   *
   * @default ""
   */
  value?: pulumi.Input<string>;
  /**
   * `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
   *
   * @default every effect
   */
  effect?: pulumi.Input<string>;
  /**
   * Seconds a pod stays after the taint appears; for `NoExecute` alone.
   *
   * @default for ever
   */
  tolerationSeconds?: pulumi.Input<number>;
}

/** Quantities as Kubernetes writes them, by resource: `{ cpu: "100m", memory: "128Mi" }`. */
export interface Resources {
  /**
   * What is kept free for a pod. A list of requests replaces the default as a whole.
   *
   * @default { cpu: "20m", memory: "96Mi" }
   */
  requests?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * What a pod may use at most; beyond its memory it is killed, beyond its CPU it is slowed down.
   *
   * @default none: what is killed for its memory does not do its work
   */
  limits?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}
