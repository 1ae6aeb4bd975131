/** The IP families of a list of addresses, as upstream reads them (internal/ipfamily). */
import { type Address, AddressError, type AddressFamily, parseAddress } from '@metallb-l2/sdk/models';

/** One family or two different ones, in the order of `texts`; or what is wrong, in upstream's words. */
export function familiesOf(texts: readonly string[]): readonly AddressFamily[] | { problem: string } {
  const quoted = `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
  if (texts.length !== 1 && texts.length !== 2) {
    return { problem: `IPFamilyForAddresses: invalid ips length ${String(texts.length)} ${quoted}` };
  }
  const families = texts.flatMap((text) => tryParse(text)?.family ?? []);
  if (families.length < texts.length) {
    return { problem: `IPFamilyForAddresses: Invalid address ${quoted}` };
  }
  if (families.length === 2 && families[0] === families[1]) {
    return { problem: `IPFamilyForAddresses: same address family ${quoted}` };
  }
  return families;
}

export function tryParse(text: string): Address | undefined {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
