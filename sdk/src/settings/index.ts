export * from './labels.js';
export * from './settings.js';
