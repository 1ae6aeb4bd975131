/**
 * Pushes an image from a process of its own: what Node reads once, when it starts, is given to this one.
 *
 * Arguments: the folder of a bundle, the host of a registry with a certificate, the host of a plain one with the base.
 * Prints the name of the image, or what went wrong.
 */
import { runSources } from '../../support/run-sources.ts';

runSources();
const { readBundle } = await import('../../../component/src/image/bundle.js');
const { publishImage } = await import('../../../component/src/image/publish.js');
const { client, requestTo } = await import('../../support/image-rig.ts');

const [folder = '', host = '', plain = ''] = process.argv.slice(2);
const scheme = (options: { host: string }) => options.host === plain;
const { deps } = client(await readBundle(folder), { scheme });
const request = { ...requestTo(host, 'tls', `${plain}/base/node:both`), insecure: false };
process.stdout.write(
  await publishImage(deps, request).catch((error: unknown) => `failed: ${(error as Error).message}`),
);
