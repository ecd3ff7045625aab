/** File below the environment's root that holds its Fleet. */
export const fleetFile = 'gitvirt.yaml'
