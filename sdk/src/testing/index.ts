export {
  InMemoryKubeApi,
  type ApiCall,
  type FaultHook,
  type InMemoryKubeApiOptions,
} from './in-memory-kube-api.js';
