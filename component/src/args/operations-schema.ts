/** The shape of what operators add around the installation. */
import { computable, fields, flag, listOf, matching, wholeNumber } from './fields.js';
import { labelsSchema } from './kubernetes-schema.js';

/** As the Prometheus operator's own definition has it. */
const duration = matching(
  /^(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/,
  64,
  'a duration like "15s" or "1m"',
);

export const metricsSchema = fields(
  {
    podMonitor: flag.optional(),
    serviceMonitor: flag.optional(),
    interval: computable(duration).optional(),
    alerts: flag.optional(),
    selectorLabels: computable(labelsSchema()).optional(),
    dashboard: flag.optional(),
    dashboardLabels: computable(labelsSchema()).optional(),
  },
  'an object like { podMonitor: true, alerts: true }',
).superRefine(
  ({ podMonitor, serviceMonitor, interval, alerts, selectorLabels, dashboard, dashboardLabels }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const monitors = podMonitor === true || serviceMonitor === true;
    if (podMonitor === true && serviceMonitor === true) {
      refuse('serviceMonitor', 'every pod would be asked twice; keep this or "podMonitor"');
    }
    if (interval !== undefined && !monitors) {
      refuse('interval', 'nothing is asked without a monitor; set "podMonitor" or "serviceMonitor"');
    }
    if (selectorLabels !== undefined && !monitors && alerts !== true) {
      refuse('selectorLabels', 'there is nothing to label; set "podMonitor", "serviceMonitor" or "alerts"');
    }
    if (dashboardLabels !== undefined && dashboard !== true) {
      refuse('dashboardLabels', 'there is nothing to label; set "dashboard"');
    }
  },
);

export const networkPolicySchema = fields(
  {
    apiServerPorts: computable(
      listOf(wholeNumber(1, 65_535), 'ports').min(1, {
        error: 'the controller could not reach the API server; name at least one port',
      }),
    ).optional(),
  },
  'an object; {} for the defaults',
);
