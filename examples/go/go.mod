module metallb-l2-go

go 1.25.11

require github.com/pulumi/pulumi/sdk/v3 v3.259.0

replace example.com/pulumi-metallb-l2/sdk/go => ./sdks/metallb-l2
