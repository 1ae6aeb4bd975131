/** What is written down about a lab, so that another process can find it, use it and remove it. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { labFolder, labsFolder } from './folders.ts';

const labStateSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  network: z.int().min(0),
  nodes: z.int().min(1),
  clients: z.array(z.string()),
  /** The process the lab ends with; null once it stands for itself. */
  owner: z.string().nullable(),
});

export type LabState = z.infer<typeof labStateSchema>;

/** @throws when the text is not a state of this version */
export function parseLabState(text: string): LabState {
  return labStateSchema.parse(JSON.parse(text));
}

export async function writeLabState(state: LabState): Promise<void> {
  const path = statePath(state.name);
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** The state of a lab; undefined when there is none, or none that can be read. */
export async function readLabState(name: string): Promise<LabState | undefined> {
  try {
    return parseLabState(await readFile(statePath(name), 'utf8'));
  } catch {
    return undefined;
  }
}

/** The names of all labs that have a folder, whatever state they are in. */
export async function listLabs(): Promise<string[]> {
  return readdir(labsFolder()).catch(() => []);
}

function statePath(name: string): string {
  return join(labFolder(name), 'state.json');
}
