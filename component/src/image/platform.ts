/** The platforms the image can be built for: those the bundle carries native code for. */

export const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

/** Operating system and architecture, as registries write them. */
export type Platform = (typeof PLATFORMS)[number];
