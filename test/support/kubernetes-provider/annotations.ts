/** The annotations by which a program steers the provider. They are stored in the cluster with the object. */
export const AUTONAMED = 'pulumi.com/autonamed';
export const DELETION_PROPAGATION = 'pulumi.com/deletionPropagationPolicy';
export const PATCH_FIELD_MANAGER = 'pulumi.com/patchFieldManager';
export const PATCH_FORCE = 'pulumi.com/patchForce';
export const SKIP_AWAIT = 'pulumi.com/skipAwait';
export const TIMEOUT_SECONDS = 'pulumi.com/timeoutSeconds';
export const WAIT_FOR = 'pulumi.com/waitFor';
