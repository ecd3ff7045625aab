/** Names that the program looks for, in this order. Source: kustomize, "kustomization". */
export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const
