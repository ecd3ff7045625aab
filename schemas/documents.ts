/** The JSON Schemas as values, so that pure rooms need no file system. */
import type { SchemaObject } from 'ajv'
import configMap from './config-map.json' with { type: 'json' }
import dataVolume from './data-volume.json' with { type: 'json' }
import fleet from './fleet.json' with { type: 'json' }
import meta from './meta.json' with { type: 'json' }
import namespace from './namespace.json' with { type: 'json' }
import policy from './node-network-configuration-policy.json' with { type: 'json' }
import node from './node.json' with { type: 'json' }
import secret from './secret.json' with { type: 'json' }
import storageClass from './storage-class.json' with { type: 'json' }
import virtualMachine from './virtual-machine.json' with { type: 'json' }
import plan from './wire/plan.json' with { type: 'json' }

/** The schema of each kind that Git may declare. */
export const kindSchemas: Readonly<Record<string, SchemaObject>> = {
  VirtualMachine: virtualMachine,
  DataVolume: dataVolume,
  NodeNetworkConfigurationPolicy: policy,
  Fleet: fleet,
  Namespace: namespace,
  Node: node,
  StorageClass: storageClass,
  ConfigMap: configMap,
  Secret: secret,
}

/** Schemas that the kinds refer to. */
export const sharedSchemas: readonly SchemaObject[] = [meta, plan]
