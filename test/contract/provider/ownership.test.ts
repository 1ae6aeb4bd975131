/** Who owns what: conflicts with other managers, Patch resources, and CRDs that outlive their stack. */
import { jest } from '@jest/globals';
import * as k8s from '@pulumi/kubernetes';
import type { CustomResourceOptions } from '@pulumi/pulumi';
import type { Properties } from '../../support/kubernetes-provider/properties.ts';
import { Rig } from './rig.ts';

jest.setTimeout(180_000);

const rig = new Rig();
beforeAll(() => rig.start());
afterAll(() => rig.stop());

const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.org';
const WIDGET_PATH = '/apis/example.org/v1/namespaces/default/widgets/w';
const PATCH_ANNOTATIONS = { 'pulumi.com/patchForce': 'true', 'pulumi.com/patchFieldManager': 'the-product' };
const BACKGROUND = { 'pulumi.com/deletionPropagationPolicy': 'background' };

/** The recipe for CRDs that are shared with whoever comes next: made or adopted, and left behind. */
function widgetCrd(options: CustomResourceOptions = { retainOnDelete: true }, description = 'A widget.') {
  return new k8s.apiextensions.v1.CustomResourceDefinitionPatch(
    'widgets',
    {
      metadata: { name: 'widgets.example.org', annotations: PATCH_ANNOTATIONS },
      spec: {
        group: 'example.org',
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                description,
                properties: {
                  spec: {
                    type: 'object',
                    x_kubernetes_validations: [{ rule: "self.size != 'huge'", message: 'too large' }],
                    properties: { size: { type: 'string' }, level: { type: 'integer' } },
                  },
                },
              },
            },
          },
        ],
      },
    },
    options,
  );
}

function widget(
  spec: Properties,
  annotations: Record<string, string> = {},
  options: CustomResourceOptions = {},
) {
  return new k8s.apiextensions.CustomResource(
    'w',
    {
      apiVersion: 'example.org/v1',
      kind: 'Widget',
      metadata: { name: 'w', annotations: { ...BACKGROUND, ...annotations } },
      spec,
    },
    options,
  );
}

/** A server-side apply by someone else. */
async function applyAs(manager: string, path: string, body: Properties): Promise<void> {
  await rig.call(path, {
    method: 'PATCH',
    body,
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager: manager, force: true },
  });
}

const foreignWidget = (spec: Properties): Properties => ({
  apiVersion: 'example.org/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'default' },
  spec,
});

describe('a CRD as a Patch that is retained, and its objects in the same update', () => {
  const crdAndWidget = (size: string, description?: string) => async () => {
    widgetCrd(undefined, description);
    widget({ size });
  };
  const program = crdAndWidget('small');

  it('survives its stack, and is adopted by the next', async () => {
    for (const name of ['first', 'second']) {
      const stack = await rig.stack(name, program);
      expect((await stack.preview()).changes).toEqual({ create: 3 });
      expect((await stack.up()).changes).toEqual({ create: 3 });
      expect(await rig.call(WIDGET_PATH)).toMatchObject({ spec: { size: 'small' } });
      expect((await stack.up()).changes).toEqual({ same: 3 });
      expect((await stack.refresh()).changes).toEqual({ same: 3 });
      expect((await stack.up()).changes).toEqual({ same: 3 });

      await stack.destroy();
      expect(await rig.exists(WIDGET_PATH)).toBe(false);
      expect(await rig.exists(CRD_PATH)).toBe(true);
    }
  });

  it('changes in place, and can still be adopted after that', async () => {
    const stack = await rig.stack('changing', program);
    await stack.up();
    const changed = await stack.up(crdAndWidget('small', 'Another.'));
    expect(changed.changes).toEqual({ update: 1, same: 2 });
    expect(JSON.stringify(await rig.call(CRD_PATH))).toContain('Another.');
    await stack.destroy();

    const next = await rig.stack('adopting', program);
    expect((await next.up()).changes).toEqual({ create: 3 });
    await next.destroy();
  });

  it('enforces the validation rules the program spells with underscores', async () => {
    const stack = await rig.stack('rules', crdAndWidget('huge'));
    await expect(stack.up()).rejects.toThrow(/too large/);
    await stack.destroy();
  });

  it('cannot be taken away, when not retained, by the only one who owns its required fields', async () => {
    const stack = await rig.stack('not-retained', async () => void widgetCrd({}));
    await stack.up();
    // Others own nothing of it here: the stacks before used the same field manager.
    await expect(stack.destroy()).rejects.toThrow(/managing a required field[^]*spec/);
    expect(await rig.exists(CRD_PATH)).toBe(true);
  });
});

describe('a field someone else has changed', () => {
  beforeAll(async () => {
    const stack = await rig.stack('crd', async () => void widgetCrd());
    await stack.up();
  });

  it('is a conflict that names the other and the field, and is taken over when the program insists', async () => {
    const stack = await rig.stack('conflict', async () => void widget({ size: 'small', level: 1 }));
    await stack.up();
    await applyAs('controller', WIDGET_PATH, foreignWidget({ size: 'large' }));
    expect((await stack.up()).changes).toEqual({ same: 2 });

    await stack.refresh();
    expect((await stack.preview()).changes).toEqual({ update: 1, same: 1 });
    await expect(stack.up()).rejects.toThrow(/conflict with "controller"[^]*\.spec\.size/);
    expect(await rig.call(WIDGET_PATH)).toMatchObject({ spec: { size: 'large', level: 1 } });

    const insisting = async () =>
      void widget({ size: 'small', level: 1 }, { 'pulumi.com/patchForce': 'true' });
    await stack.up(insisting);
    expect(await rig.call(WIDGET_PATH)).toMatchObject({ spec: { size: 'small', level: 1 } });
    await stack.destroy();
  });

  it('keeps its value and its new owner when the program ignores it', async () => {
    const program = (level: number) => async () =>
      void widget({ size: 'small', level }, {}, { ignoreChanges: ['spec.size'] });
    const stack = await rig.stack('ignoring', program(1));
    await stack.up();
    await applyAs('controller', WIDGET_PATH, foreignWidget({ size: 'large' }));

    expect((await stack.up(program(2))).changes).toEqual({ update: 1, same: 1 });
    expect(await rig.call(WIDGET_PATH)).toMatchObject({ spec: { size: 'large', level: 2 } });
    await stack.destroy();
  });

  it('does not stand in the way of fields that are ours', async () => {
    const stack = await rig.stack('beside', async () => void widget({ size: 'small' }));
    await stack.up();
    await applyAs('controller', WIDGET_PATH, foreignWidget({ level: 5 }));

    await stack.up(async () => void widget({ size: 'medium' }));
    expect(await rig.call(WIDGET_PATH)).toMatchObject({ spec: { size: 'medium', level: 5 } });
    await stack.destroy();
  });
});

describe("a Patch of someone else's object", () => {
  it('adds its fields, and takes only those away again', async () => {
    const path = '/api/v1/namespaces/default/configmaps/theirs';
    await applyAs('owner', path, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'theirs', namespace: 'default' },
      data: { theirs: '1' },
    });
    const stack = await rig.stack('patch', async () => {
      new k8s.core.v1.ConfigMapPatch('theirs', { metadata: { name: 'theirs' }, data: { ours: '2' } });
    });
    await stack.up();
    expect((await rig.call(path))['data']).toEqual({ theirs: '1', ours: '2' });
    await stack.destroy();
    expect((await rig.call(path))['data']).toEqual({ theirs: '1' });
  });
});
