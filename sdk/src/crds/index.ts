export { customResourceDefinitions } from './custom-resource-definitions.js';
