module github.com/slipwaymq/slipway

go 1.26
