/** What is wrong with MetalLB's layer 2 in a cluster, from the objects of the API alone. */
import { configurationFindings } from './configuration.js';
import type { DoctorFacts } from './facts.js';
import { bySeverity, type Finding } from './finding.js';
import { installationFindings } from './installation.js';
import { statusFindings } from './statuses.js';

/** The findings, the worst first; of a cluster in which all is well nothing worse than `info`. */
export function diagnose(facts: DoctorFacts): Finding[] {
  return [...installationFindings(facts), ...statusFindings(facts), ...configurationFindings(facts)].sort(
    bySeverity,
  );
}
