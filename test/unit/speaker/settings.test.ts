import {
  DEFAULT_HTTP_PORT,
  parseControllerSettings,
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
    });
  });

  it('are read from the environment under the names upstream uses', () => {
    const env = {
      ...POD,
      METALLB_NODE_NAME: 'node-a',
      METALLB_NAMESPACE: 'lb',
      METALLB_LOG_LEVEL: 'debug',
      METALLB_HTTP_PORT: '8080',
    };
    expect(parseSpeakerSettings(env)).toEqual({
      namespace: 'lb',
      logLevel: 'debug',
      httpPort: 8080,
      pod: { name: 'speaker-x', uid: 'uid-1' },
      nodeName: 'node-a',
    });
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
