/**
 * What a client on the LAN sees, asked from a host that is not a node: whose hardware address answers
 * ARP or NDP for an address, and whether HTTP through it works.
 */
import type { Lab } from '../lab/lab.ts';

const MAC_ADDRESS = /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/i;

/** Sends one ARP request from `client` and answers with every hardware address that replied. */
export async function arpAnswers(lab: Lab, client: string, address: string): Promise<string[]> {
  const { stdout } = await lab.exec(client, ['arping', '-c', '1', '-w', '1', '-I', 'eth0', address]);
  const lines = stdout.split('\n').filter((line) => line.includes(address));
  const answers = lines.flatMap((line) => MAC_ADDRESS.exec(line)?.[0] ?? []);
  return [...new Set(answers.map((mac) => mac.toLowerCase()))];
}

/** The hardware address that answered for an IPv6 address `client` has just spoken to; empty when none did. */
export async function ndpAnswer(lab: Lab, client: string, address: string): Promise<string> {
  const { stdout } = await lab.exec(client, ['ip', '-6', 'neighbour', 'show', 'to', address, 'dev', 'eth0']);
  return / lladdr (\S+)/.exec(stdout)?.[1] ?? '';
}

/** The nodes of the lab by hardware address. */
export async function nodesByMac(lab: Lab): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const node of lab.nodes) {
    const { stdout } = await lab.exec(node.name, ['ip', '-brief', 'link', 'show', 'dev', 'eth0']);
    const mac = MAC_ADDRESS.exec(stdout)?.[0];
    if (mac !== undefined) found.set(mac.toLowerCase(), node.name);
  }
  return found;
}

/** GETs `http://address/` from `client`; answers with the body, or why there was none. */
export async function httpGet(
  lab: Lab,
  client: string,
  address: string,
): Promise<{ ok: boolean; body: string }> {
  const script = `fetch('http://${address}/', { signal: AbortSignal.timeout(3000) })
    .then(async (response) => process.stdout.write(await response.text()))
    .catch((error) => { process.stderr.write(String(error.cause ?? error)); process.exitCode = 1; })`;
  const { code, stdout, stderr } = await lab.exec(client, [process.execPath, '-e', script]);
  return { ok: code === 0, body: (code === 0 ? stdout : stderr).trim() };
}
