export * from './interface-rules.js';
export * from './labels.js';
export * from './settings.js';
