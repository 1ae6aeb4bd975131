/** What operators add around the installation, as a user writes it. */
import type * as pulumi from '@pulumi/pulumi';

/** What Prometheus and Grafana are given. Both programs show their metrics on port 7472, in plain HTTP. */
export interface Metrics {
  /**
   * Whether there is a `PodMonitor`; needs the Prometheus operator. Not together with `serviceMonitor`.
   *
   * @default false
   */
  podMonitor?: boolean;
  /**
   * Whether there are `ServiceMonitor`s, with the services they need; needs the Prometheus operator. Not
   * together with `podMonitor`.
   *
   * @default false
   */
  serviceMonitor?: boolean;
  /**
   * How often the monitor has Prometheus ask: `15s`, `1m`.
   *
   * @default what Prometheus is set to
   */
  interval?: pulumi.Input<string>;
  /**
   * Whether there is a `PrometheusRule` with alerts; needs the Prometheus operator.
   *
   * @default false
   */
  alerts?: boolean;
  /**
   * Labels of monitors and rule, by which a Prometheus chooses them: `{ release: "kube-prometheus-stack" }`.
   *
   * @default none
   */
  selectorLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Whether there is a ConfigMap with a dashboard for Grafana, which Grafana's sidecar finds.
   *
   * @default false
   */
  dashboard?: boolean;
  /**
   * Labels of the dashboard's ConfigMap, by which the sidecar finds it.
   *
   * @default { grafana_dashboard: "1" }
   */
  dashboardLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** A NetworkPolicy for the controller. */
export interface NetworkPolicy {
  /**
   * TCP ports of the API server, behind the cluster's own address for it as well as on it, 1 to 65535.
   *
   * @default [443, 6443]
   */
  apiServerPorts?: pulumi.Input<pulumi.Input<number>[]>;
}
