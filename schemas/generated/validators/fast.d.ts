/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { ValidateFunction } from 'ajv'

export declare const VirtualMachine: ValidateFunction
export declare const DataVolume: ValidateFunction
export declare const NodeNetworkConfigurationPolicy: ValidateFunction
export declare const Fleet: ValidateFunction
export declare const Namespace: ValidateFunction
export declare const Node: ValidateFunction
export declare const StorageClass: ValidateFunction
export declare const ConfigMap: ValidateFunction
export declare const Secret: ValidateFunction
