import {
  DEFAULT_HTTP_PORT,
  parseControllerSettings,
  parseInterfaceRules,
  parseSpeakerSettings,
  SettingsError,
} from '@metallb-l2/sdk/settings';

const POD = { METALLB_POD_NAME: 'speaker-x', METALLB_POD_UID: 'uid-1' };

describe('settings', () => {
  it('have a default for everything but who the pod is', () => {
    expect(parseControllerSettings(POD)).toEqual({
      namespace: 'metallb-system',
      logLevel: 'info',
      httpPort: DEFAULT_HTTP_PORT,
      pod: { name: 'speaker-x', uid: 'uid-1' },
      loadBalancerClass: undefined,
      lease: { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 },
    });
  });

  it('let the times of the lease be chosen, each longer than the next', () => {
    const env = {
      ...POD,
      METALLB_LEASE_DURATION_SECONDS: '60',
      METALLB_LEASE_RENEW_DEADLINE_SECONDS: '40',
      METALLB_LEASE_RETRY_PERIOD_SECONDS: '5',
    };
    const lease = { leaseDurationMs: 60_000, renewDeadlineMs: 40_000, retryPeriodMs: 5000 };
    expect(parseControllerSettings(env).lease).toEqual(lease);
    for (const bad of [
      { METALLB_LEASE_DURATION_SECONDS: '10' },
      { METALLB_LEASE_RETRY_PERIOD_SECONDS: '10' },
    ]) {
      expect(() => parseControllerSettings({ ...POD, ...bad })).toThrow(
        /^bad settings[^]*METALLB_LEASE_DURATION_SECONDS=\d+, [^]*each must be longer than the next one$/,
      );
    }
    expect(() => parseControllerSettings({ ...POD, METALLB_LEASE_DURATION_SECONDS: '1.5' })).toThrow(
      /METALLB_LEASE_DURATION_SECONDS="1.5"/,
    );
  });

  it('are read from the environment under the names upstream uses', () => {
    const env = {
      ...POD,
      METALLB_NODE_NAME: 'node-a',
      METALLB_NAMESPACE: 'lb',
      METALLB_LOG_LEVEL: 'debug',
      METALLB_HTTP_PORT: '8080',
      METALLB_EXCLUDE_L2_CONFIG: '/tmp/rules.yaml',
      METALLB_LB_CLASS: 'example.com/l2',
      METALLB_GRATUITOUS_INTERVAL_SECONDS: '0',
      METALLB_GRATUITOUS_FRAMES_PER_SECOND: '50',
    };
    expect(parseSpeakerSettings(env)).toEqual({
      namespace: 'lb',
      logLevel: 'debug',
      httpPort: 8080,
      pod: { name: 'speaker-x', uid: 'uid-1' },
      nodeName: 'node-a',
      interfaceRulesPath: '/tmp/rules.yaml',
      memberlist: undefined,
      loadBalancerClass: 'example.com/l2',
      gratuitous: { intervalSeconds: 0, framesPerSecond: 50 },
    });
    expect(parseSpeakerSettings({ ...POD, METALLB_NODE_NAME: 'node-a' }).interfaceRulesPath).toBe(
      '/etc/metallb/excludel2.yaml',
    );
  });

  const SPEAKER = { ...POD, METALLB_NODE_NAME: 'node-a', METALLB_ML_BIND_ADDR: '192.0.2.1' };

  it('have a memberlist as soon as there is an address for it', () => {
    expect(parseSpeakerSettings(SPEAKER).memberlist).toEqual({
      address: '192.0.2.1',
      port: 7946,
      labelSelector: 'app=metallb,component=speaker',
      secretPath: undefined,
      profile: 'fast',
    });
  });

  it('describe the memberlist under the names upstream uses', () => {
    const env = {
      ...SPEAKER,
      METALLB_ML_BIND_ADDR: 'fd00::1',
      METALLB_ML_BIND_PORT: '7000',
      METALLB_ML_LABELS: 'app.kubernetes.io/name=metallb,app.kubernetes.io/component=speaker',
      METALLB_ML_SECRET_KEY_PATH: '/etc/ml_secret_key',
      METALLB_ML_PROFILE: 'wan',
    };
    expect(parseSpeakerSettings(env).memberlist).toEqual({
      address: 'fd00::1',
      port: 7000,
      labelSelector: 'app.kubernetes.io/name=metallb,app.kubernetes.io/component=speaker',
      secretPath: '/etc/ml_secret_key',
      profile: 'wan',
    });
  });

  it('spell the address of the memberlist as the addresses of pods are spelled', () => {
    const env = { ...SPEAKER, METALLB_ML_BIND_ADDR: 'FD00:0:0::01' };
    expect(parseSpeakerSettings(env).memberlist?.address).toBe('fd00::1');
  });

  it.each(['METALLB_ML_BIND_ADDR', 'METALLB_ML_LABELS'])('have no memberlist with an empty %s', (name) => {
    expect(parseSpeakerSettings({ ...SPEAKER, [name]: '' }).memberlist).toBeUndefined();
  });

  it('take an empty memberlist port for the default, as upstream does', () => {
    expect(parseSpeakerSettings({ ...SPEAKER, METALLB_ML_BIND_PORT: '' }).memberlist?.port).toBe(7946);
  });

  it.each([
    ['METALLB_ML_BIND_ADDR', 'node-a'],
    ['METALLB_ML_BIND_ADDR', '0.0.0.0'],
    ['METALLB_ML_BIND_ADDR', '::'],
    ['METALLB_ML_BIND_ADDR', '::192.0.2.1'],
    ['METALLB_ML_BIND_PORT', '70000'],
    ['METALLB_ML_LABELS', 'no labels'],
    ['METALLB_ML_PROFILE', 'faster'],
    ['METALLB_GRATUITOUS_INTERVAL_SECONDS', ''],
    ['METALLB_GRATUITOUS_INTERVAL_SECONDS', '86401'],
    ['METALLB_GRATUITOUS_FRAMES_PER_SECOND', '9'],
    ['METALLB_GRATUITOUS_FRAMES_PER_SECOND', '1e3'],
  ])('refuse %s="%s"', (name, value) => {
    expect(() => parseSpeakerSettings({ ...SPEAKER, [name]: value })).toThrow(`${name}="${value}": `);
  });

  it('name every variable that is missing, and each bad one with its value', () => {
    const env = { METALLB_POD_UID: 'uid-1', METALLB_HTTP_PORT: '70000', METALLB_LOG_LEVEL: 'loud' };
    const parse = () => parseSpeakerSettings(env);
    expect(parse).toThrow(SettingsError);
    expect(parse).toThrow(/METALLB_NODE_NAME is not set/);
    expect(parse).toThrow(/METALLB_POD_NAME is not set/);
    expect(parse).toThrow(/METALLB_HTTP_PORT="70000": /);
    expect(parse).toThrow(/METALLB_LOG_LEVEL="loud": /);
  });

  it.each(['', '0', 'http', '7472.5'])('refuse the port "%s"', (port) => {
    expect(() => parseControllerSettings({ ...POD, METALLB_HTTP_PORT: port })).toThrow(/METALLB_HTTP_PORT=/);
  });
});

describe('the rules for interfaces', () => {
  const rules = (text: string) => parseInterfaceRules(text, '/etc/metallb/excludel2.yaml');

  it("are read from upstream's file", () => {
    const text = 'announcedInterfacesToExclude: ["^docker.*", ^cbr.*, veth]\n';
    expect(rules(text)).toEqual({ exclude: [/^docker.*/, /^cbr.*/, /veth/], include: undefined });
  });

  it('may name the interfaces to use instead, or none to leave alone', () => {
    const text = 'announcedInterfacesToExclude: []\nannouncedInterfacesToInclude:\n- ^bond0$\n';
    expect(rules(text)).toEqual({ exclude: [], include: [/^bond0$/] });
  });

  it('say nothing when the file is empty', () => {
    expect(rules('')).toEqual({ exclude: undefined, include: undefined });
    expect(rules('# nothing yet\n')).toEqual({ exclude: undefined, include: undefined });
  });

  it.each([
    [
      'announcedInterfacesToExclude: ["^ok$", "eth("]',
      /announcedInterfacesToExclude: 1: "eth\(": .*Unterminated group/,
    ],
    ['announcedInterfacesToExclude: ^eth', /announcedInterfacesToExclude: .*array/],
    ['announcedInterfacesToInclude: []', /announcedInterfacesToInclude: /],
    ['announcedInterfaceToExclude: [^eth]', /announcedInterfaceToExclude/],
    ['[^eth]', /object/],
    ['announcedInterfacesToExclude: [', /excludel2.yaml is not YAML/],
  ])('refuse %s', (text, message) => {
    expect(() => rules(text)).toThrow(SettingsError);
    expect(() => rules(text)).toThrow(message);
    expect(() => rules(text)).toThrow('/etc/metallb/excludel2.yaml');
  });
});
