/**
 * A stand-in for `pulumi-resource-kubernetes`, for machines where the real plugin cannot be downloaded. The
 * engine starts it with its own address and reads the port from standard output.
 */
import { EngineLog } from './engine-log.ts';
import { serveProvider } from './server.ts';

/** How often to look whether the engine that started us still lives. */
const PARENT_CHECK_MS = 2000;

const engineAddress = process.argv[2];
if (engineAddress === undefined) {
  throw new Error('pulumi-resource-kubernetes is started by the Pulumi engine, with its address as argument');
}
const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, PARENT_CHECK_MS).unref();

process.stdout.write(`${await serveProvider(new EngineLog(engineAddress), process.env)}\n`);
