/** Waiting for resources, as Pulumi's own functions do; there is no public way to ask it of them. */
import * as pulumi from '@pulumi/pulumi';

/**
 * Known once everything that `args` come from, and every resource of `dependsOn`, has been created: of a component
 * all that it has by now. In a preview it is unknown as long as one of them does not exist: a name is known before,
 * an id is not.
 */
export function whenCreated(
  args: unknown,
  dependsOn: pulumi.InvokeOutputOptions['dependsOn'],
): pulumi.Output<unknown> {
  const origins = pulumi.getAllResources(pulumi.output(args)).then((found) => [...found]);
  const named = pulumi.output(dependsOn).apply((known): pulumi.Resource[] => [known ?? []].flat());
  return pulumi.all([origins, named]).apply((each) => pulumi.all(each.flat().map(idsOf)));
}

function idsOf(resource: pulumi.Resource): pulumi.Output<unknown> {
  if (pulumi.CustomResource.isInstance(resource)) return pulumi.output(resource.id);
  const { __childResources: children = [] } = resource as { __childResources?: Iterable<pulumi.Resource> };
  return pulumi.all([...children].map(idsOf));
}
