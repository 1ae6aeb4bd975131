import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSpeakerSettings, SettingsError } from '@metallb-l2/sdk/settings';
import { lanThreadOptions } from '../../../../speaker/src/lan/lan-thread-options.js';

describe('lanThreadOptions', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'speaker-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const options = (env: Record<string, string> = {}) =>
    lanThreadOptions(
      parseSpeakerSettings({
        METALLB_NODE_NAME: 'node-a',
        METALLB_POD_NAME: 'speaker-x',
        METALLB_POD_UID: 'uid-1',
        METALLB_EXCLUDE_L2_CONFIG: join(folder, 'excludel2.yaml'),
        ...env,
      }),
    );
  const GOSSIP = { METALLB_ML_BIND_ADDR: '192.0.2.1', METALLB_ML_PROFILE: 'lan' };

  it('leave the default interfaces alone when there is no file', () => {
    expect(options().exclusions.map(({ source }) => source)).toContain('^docker.*');
  });

  it('are what the file of interfaces says', () => {
    writeFileSync(join(folder, 'excludel2.yaml'), 'announcedInterfacesToExclude: [^wlan]');
    expect(options().exclusions).toEqual([/^wlan/]);
  });

  it('announce again as often, and as fast, as the settings say', () => {
    expect(options().gratuitous).toEqual({ intervalSeconds: 120, framesPerSecond: 4000 });
    const env = { METALLB_GRATUITOUS_INTERVAL_SECONDS: '30', METALLB_GRATUITOUS_FRAMES_PER_SECOND: '100' };
    expect(options(env).gratuitous).toEqual({ intervalSeconds: 30, framesPerSecond: 100 });
  });

  it('refuse a file that cannot be read', () => {
    expect(() => options({ METALLB_EXCLUDE_L2_CONFIG: folder })).toThrow(SettingsError);
  });

  it('have no gossip without an address for it', () => {
    expect(options().gossip).toBeUndefined();
  });

  it('have the secret of the gossip as it is in its file', () => {
    writeFileSync(join(folder, 'secretkey'), 'open sesame\n');
    expect(options({ ...GOSSIP, METALLB_ML_SECRET_KEY_PATH: folder }).gossip).toEqual({
      self: { name: 'node-a', address: '192.0.2.1', port: 7946 },
      profile: 'lan',
      secret: new Uint8Array(Buffer.from('open sesame\n')),
    });
    expect(options(GOSSIP).gossip?.secret).toBeUndefined();
  });

  it('have a secret that is no text as it is too', () => {
    const secret = Uint8Array.of(0xff, 0x00, 0xc3, 0x28);
    writeFileSync(join(folder, 'secretkey'), secret);
    expect(options({ ...GOSSIP, METALLB_ML_SECRET_KEY_PATH: folder }).gossip?.secret).toEqual(secret);
  });

  it('refuse a secret that is missing or empty, rather than gossip in plain text', () => {
    const env = { ...GOSSIP, METALLB_ML_SECRET_KEY_PATH: folder };
    expect(() => options(env)).toThrow(`${folder}/secretkey has no key`);
    writeFileSync(join(folder, 'secretkey'), '');
    expect(() => options(env)).toThrow(SettingsError);
  });
});
