import type { SpeakerSettings } from '@metallb-l2/sdk/settings';
import { readGossipSecret, readInterfaceRules } from '../speaker-files.js';
import { exclusionsOf } from './interface-exclusions.js';
import type { LanThreadOptions } from './protocol.js';

/**
 * What the LAN thread has to be told; reads the files that the settings name.
 *
 * @throws SettingsError when a file cannot be read or understood
 */
export function lanThreadOptions(settings: SpeakerSettings): LanThreadOptions {
  const { logLevel, nodeName, memberlist, interfaceRulesPath, gratuitous } = settings;
  return {
    logLevel,
    exclusions: exclusionsOf(readInterfaceRules(interfaceRulesPath)),
    gratuitous,
    gossip: memberlist && {
      self: { name: nodeName, address: memberlist.address, port: memberlist.port },
      profile: memberlist.profile,
      secret: memberlist.secretPath === undefined ? undefined : readGossipSecret(memberlist.secretPath),
    },
  };
}
